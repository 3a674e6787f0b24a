from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self) -> None:
        import shop.basket.customers  # noqa: F401  (hears of log-ins)
