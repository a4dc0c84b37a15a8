from django.db import migrations, models

import chat.columns

# The stored head may be wrong: then the newest entry corrects it later, and the mark as well.
SET_ROOM_MARKS = """
    UPDATE chat_room SET mark = COALESCE((
        SELECT mark FROM chat_entry WHERE room_id = chat_room.id AND seq = chat_room.head
    ), 0)
"""


class Migration(migrations.Migration):
    """The database makes the marks of the existing entries, in one statement for all: 100,000 take
    a few seconds."""

    dependencies = [("chat", "0003_read_mark")]

    operations = [
        migrations.AddField(
            "entry", "mark", models.PositiveBigIntegerField(
                db_default=chat.columns.RandomMark(), editable=False
            ),
        ),
        migrations.AddField(
            "room",
            "mark",
            models.PositiveBigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunSQL(SET_ROOM_MARKS, migrations.RunSQL.noop),
    ]
