"""Makes zones.json: when cron lines come due in a year of five time zones, worked out without skein and without croner.

The sets of minutes, hours and days are read by Celery's crontab_parser, the time zones are those of Python's zoneinfo with the package
tzdata, and the rule for the changes of the clocks is written down here once more:

- A line without wildcards and steps in its minutes and hours is one of fixed times. A time that comes twice counts once, the first
  time; one that is left out counts at the first moment after the gap. A day that is left out altogether is left out.
- Any other line comes due whenever the clock on the wall shows such a time: twice where that comes twice, never where it does not come.

Beside each line stands whether celery.schedules.crontab, asked again and again, comes to the same moments.

    python3 -m venv /tmp/zones && /tmp/zones/bin/pip install celery==5.6.2 tzdata
    /tmp/zones/bin/python test/queue/schedules/zones.py > test/queue/schedules/zones.json
"""

import hashlib
import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import celery
import tzdata
from celery.schedules import crontab, crontab_parser

YEARS = [
    ("Europe/Berlin", 2026),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),
    ("Pacific/Apia", 2011),
    ("Asia/Kolkata", 2026),
]
# The year in which Apia left a day out, in the other zones: one line is enough for it.
DAILY = [("Europe/Berlin", 2011), ("America/New_York", 2011), ("Australia/Lord_Howe", 2011), ("Asia/Kolkata", 2011)]
LINES = [
    "30 2 * * *",
    "*/30 2 * * *",
    "0 8 * * mon-fri",
    "0 0 * * *",
    "15,45 1,2 * * *",
    "0 */6 * * *",
    "0 12 1,15 * *",
    "30 1 * 4,9,10,12 *",
]
# Fields by themselves, for what they mean to Celery; null where it refuses them.
FIELDS = {
    "minute": "*/15 */7 0-30/10 5 1,2,3 * 0-59/7 1-5,10-15 0-30/45 60 ? 5/10 30-10".split(),
    "hour": "*/5 8-17/2 9-17,20 0 23 24 22-2".split(),
    "day_of_month": "*/2 1-31/10 2-31/2 31 1,15 0 L 15W 30-2".split(),
    "month_of_year": "*/3 jan feb-apr jan,jul 1-12/5 13 11-2".split(),
    "day_of_week": "mon-fri sun 0 */2 0-6/3 1-5 mon,wed,fri 7 fri-mon monday 5L".split(),
}
MINUTE = timedelta(minutes=1)
UTC = timezone.utc


def sets(line):
    minute, hour, day, month, weekday = line.split()
    return (
        crontab_parser(60).parse(minute),
        crontab_parser(24).parse(hour),
        crontab_parser(31, 1).parse(day),
        crontab_parser(12, 1).parse(month),
        crontab_parser(7).parse(weekday.replace("mon-fri", "1-5")),
    )


def is_fixed(line):
    return not any(sign in field for field in line.split()[:2] for sign in "*/")


def on_day(local, parsed):
    _, _, days, months, weekdays = parsed
    return local.day in days and local.month in months and local.isoweekday() % 7 in weekdays


def fixed(zone, year, parsed):
    minutes, hours = sorted(parsed[0]), sorted(parsed[1])
    found = set()
    day = datetime(year, 1, 1) - timedelta(days=2)
    while day.year <= year or day.month < 2:
        for hour in hours:
            for minute in minutes:
                naive = day.replace(hour=hour, minute=minute)
                if not on_day(naive, parsed):
                    continue
                moment = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
                if moment.astimezone(zone).replace(tzinfo=None) != naive:
                    moment = after_gap(zone, naive)
                    if moment is None:
                        continue
                found.add(moment)
        day += timedelta(days=1)
    return found


def after_gap(zone, naive):
    """The first moment at which the clock on the wall shows something later; None where it skips the whole day."""
    moment = datetime(naive.year, naive.month, naive.day, tzinfo=UTC) - timedelta(days=2)
    before = moment.astimezone(zone).replace(tzinfo=None)
    while True:
        moment += MINUTE
        now = moment.astimezone(zone).replace(tzinfo=None)
        if now > naive:
            return None if before.date() < naive.date() < now.date() else moment
        before = now


def wild(zone, year, parsed):
    minutes, hours = parsed[0], parsed[1]
    found = set()
    moment = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1)
    end = datetime(year + 1, 1, 2, tzinfo=UTC)
    while moment < end:
        local = moment.astimezone(zone)
        if local.minute in minutes and local.hour in hours and on_day(local, parsed):
            found.add(moment)
        moment += MINUTE
    return found


def in_celery(zone, year, line, end):
    minute, hour, day, month, weekday = line.split()
    app = celery.Celery(set_as_current=False)
    app.conf.timezone = zone.key
    now = [None]
    rule = crontab(minute, hour, weekday, day, month, app=app, nowfun=lambda: now[0].astimezone(zone))
    last = datetime(year, 1, 1, tzinfo=UTC) - timedelta(seconds=1)
    found = []
    while len(found) < 5000:
        now[0] = last
        wait = rule.remaining_estimate(last.astimezone(zone))
        moment = last + wait
        moment = moment.replace(microsecond=0)
        if moment <= last:
            moment = last + timedelta(seconds=1)
        if moment >= end:
            break
        found.append(moment)
        last = moment
    return found


def values(field, text):
    try:
        return sorted(getattr(crontab(**{field: text}), field))
    except ValueError:
        return None


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def main():
    rows = []
    differences = []
    for name, year in YEARS + DAILY:
        zone = ZoneInfo(name)
        start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        for line in LINES if (name, year) in YEARS else LINES[:1]:
            parsed = sets(line)
            terms = sorted(each for each in (fixed if is_fixed(line) else wild)(zone, year, parsed) if start <= each < end)
            months = [[each for each in terms if each.month == month] for month in range(1, 13)]
            hashed = [
                f"{len(each)} {hashlib.sha256(' '.join(map(stamp, each)).encode()).hexdigest()[:8]}" for each in months
            ]
            beat = set(in_celery(zone, year, line, end))
            missing, more = sorted(set(terms) - beat), sorted(beat - set(terms))
            rows.append({"zone": name, "year": year, "line": line, "months": hashed, "celery": not missing and not more})
            if missing or more:
                differences.append([name, line, list(map(stamp, missing))[:4], list(map(stamp, more))[:4], len(missing), len(more)])
    made = f"zones.py, Python {sys.version.split()[0]}, Celery {celery.__version__}, tzdata {tzdata.IANA_VERSION}"
    text = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    fields = ",\n".join(
        f"    {json.dumps([field, each, values(field, each)])}" for field, texts in FIELDS.items() for each in texts
    )
    print(f'{{\n  "made": {json.dumps(made)},\n  "rows": [\n{text}\n  ],\n  "fields": [\n{fields}\n  ]\n}}')
    for each in differences:
        print(*each, file=sys.stderr)


main()
