from celery import shared_task
from django.db import connection


@shared_task
def send_invoice(order: int, copy: bool = False) -> str:
    """Sends the invoice of an order."""
    return f"{order} {copy}"


@shared_task
def keep(small: str, pk: int) -> None:
    """Saves what a worker in TypeScript has made."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pictures SET small = %s WHERE id = %s", [small, pk])
