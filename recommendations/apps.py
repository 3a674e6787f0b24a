from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class RecommendationsConfig(AppConfig):
    name = "recommendations"

    def ready(self) -> None:
        from recommendations.product_view import drop_before_migration, make_after_migration

        pre_migrate.connect(drop_before_migration, sender=self)
        post_migrate.connect(make_after_migration, sender=self)
