"""The admin's pages of the cluster, of Spark and of the ledger."""

from django.contrib import admin

from streaming.admin import alerts, changes, ledger, users

admin.site.index_template = "streaming/admin/dashboard.html"
admin.site.index_title = "What is going on"

__all__ = ["alerts", "changes", "ledger", "users"]
