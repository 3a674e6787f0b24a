"""What a batch has no time to derive waits. And rows that change all the time get room on their pages, and one index less.

Django gives each text key a second index for LIKE, which nothing here uses.
"""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

ROOM = "".join(
    f"ALTER TABLE recommendations_{table} SET (fillfactor = 85);"
    for table in ("pair", "productcount", "producthour", "similarproducts")
)
INDEXES = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT indexname FROM pg_indexes
        WHERE schemaname = current_schema() AND indexname ~ '_like$' AND tablename = ANY (ARRAY[
            'recommendations_productcount', 'recommendations_similarproducts', 'recommendations_visitorlist',
            'recommendations_visitorperson', 'recommendations_waitingproduct', 'recommendations_waitingvisitor'])
    LOOP
        EXECUTE format('DROP INDEX %I', name);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0013_in_use'),
    ]

    operations = [
        migrations.CreateModel(
            name='WaitingProduct',
            fields=[
                ('product_id', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('since', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='WaitingVisitor',
            fields=[
                ('visitor_id', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(help_text='What the list has once it is composed.')),
            ],
        ),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
        migrations.RunSQL(INDEXES, migrations.RunSQL.noop),
        *(
            migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
            for name in ("lists", "fold", "session", "serving", "upkeep")
        ),
    ]
