"""The admin's pages of the cluster, of Spark and of the ledger, all read-only."""

from django.contrib import admin

from streaming.admin import ledger, users

admin.site.index_template = "streaming/admin/dashboard.html"
admin.site.index_title = "What is going on"

__all__ = ["ledger", "users"]
