"""The settings of a Django project, as few as it takes."""
import os

SECRET_KEY = "of no use"
USE_TZ = True
INSTALLED_APPS = ["billing"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("SHOP_DB", ":memory:")}}
CELERY_BROKER_URL = CELERY_RESULT_BACKEND = os.environ.get("REDIS_URL", "redis://127.0.0.1:1/0")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
