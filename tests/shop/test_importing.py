"""A catalogue of one's own: what files may look like, which mistakes are told, and that nothing is half-imported."""

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import Client

from shop.importing import writing
from shop.importing.checking import RowError
from shop.importing.reading import Format, Row, UnreadableError, format_of, rows_of
from shop.importing.writing import Outcome, import_catalogue
from shop.models import Category, Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_shop")]

HEAD = "product_id,name,price,category"


def csv_of(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


def imported(
    content: bytes, form: Format = "csv", *, dry_run: bool = False, hide_others: bool = False
) -> Outcome:
    return import_catalogue(content, form, dry_run=dry_run, hide_others=hide_others)


def errors(content: bytes, form: Format = "csv") -> list[tuple[int, str]]:
    """Line and field of each mistake."""
    outcome = imported(content, form)
    assert not outcome.written
    assert not Product.objects.exists(), "nothing is half-imported"
    assert not Category.objects.exists()
    return [(error.line, error.field) for error in outcome.errors]


# -- Reading ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_with_its_delimiter_its_quotes_and_its_lines(delimiter: str) -> None:
    text = '\ufeffid,name\r\na,"one\ntwo, ""quoted"""\r\n\r\nb,three\r\n'.replace(",", delimiter)
    assert list(rows_of(text.encode(), "csv")) == [
        Row(2, {"id": "a", "name": f'one\ntwo{delimiter} "quoted"'}),
        Row(5, {"id": "b", "name": "three"}),
    ]


@pytest.mark.parametrize(
    "text",
    ['[\n{"id": 1},\n{"id": 2}\n]', '{"id": 1}\n\n{"id": 2}\n', '{"products": [{"id": 1},\n\n{"id": 2}]}'],
)
def test_json_is_an_array_or_lines_or_an_object_with_products(text: str) -> None:
    assert [row.values for row in rows_of(text.encode(), "json")] == [{"id": 1}, {"id": 2}]


def test_rows_of_json_have_the_line_that_they_begin_on() -> None:
    text = '[\n  {\n    "id": 1\n  },\n  {\n    "id": 2\n  }\n]'
    assert [row.line for row in rows_of(text.encode(), "json")] == [2, 5]


@pytest.mark.parametrize(
    ("content", "form", "line"),
    [
        (b"", "csv", 1),
        (b" \n ", "json", 1),
        ("id,name\na,b\xe9".encode("latin-1"), "csv", 2),
        (b'id,name\na,"b', "csv", 2),
        (b"id,id\na,b", "csv", 1),
        (b'[\n{"id": 1},\n{"id": }\n]', "json", 3),
        (b'[\n{"id": 1}\n{"id": 2}\n]', "json", 3),
        (b'[\n{"id": 1},\n', "json", 3),
        (b"[\n1\n]", "json", 2),
        (b"[" * 100_000, "json", 1),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(content: bytes, form: Format, line: int) -> None:
    with pytest.raises(UnreadableError) as raised:
        list(rows_of(content, form))
    assert raised.value.line == line
    assert errors(content, form)[0][0] == line


@pytest.mark.parametrize(
    ("name", "form"), [("a.csv", "csv"), ("a.JSON", "json"), ("a.jsonl", "json"), ("a", "csv")]
)
def test_the_name_says_the_format(name: str, form: str) -> None:
    assert format_of(name) == form


# -- Mistakes ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ("a b,Mug,9.50,Mugs", "product_id"),
        ("a,,9.50,Mugs", "name"),
        (f"a,{'x' * 121},9.50,Mugs", "name"),
        ("a,Mug,,Mugs", "price"),
        ("a,Mug,free,Mugs", "price"),
        ('a,Mug,"9,50",Mugs', "price"),
        ("a,Mug,0,Mugs", "price"),
        ("a,Mug,-1,Mugs", "price"),
        ("a,Mug,1e3,Mugs", "price"),
        ("a,Mug,NaN,Mugs", "price"),
        ("a,Mug,1234567,Mugs", "price"),
        ("a,Mug,9.50,", "category"),
        ("a,Mug,9.50", "category"),
        ("a,Mug,9.50,Mugs,more", ""),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_field(cells: str, field: str) -> None:
    assert errors(csv_of("ok,Cup,1.00,Mugs", cells)) == [(3, field)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("stock", "-1"), ("stock", "2.5"), ("hidden", "perhaps"), ("consumable", "2"), ("attributes", "blue")],
)
def test_the_other_fields_are_judged_too(name: str, value: str) -> None:
    assert errors(csv_of(f"a,Mug,1.00,Mugs,{value}", head=f"{HEAD},{name}")) == [(2, name)]


def test_json_values_of_the_wrong_kind_are_mistakes() -> None:
    product = {"product_id": "a", "name": ["Mug"], "price": True, "category": {"x": 1}, "stock": 1.5}
    assert errors(json.dumps([product]).encode(), "json") == [
        *((1, "name"), (1, "price"), (1, "category"), (1, "stock")),
    ]


def test_all_mistakes_are_told_at_once_and_one_id_comes_once() -> None:
    outcome = imported(csv_of("a,Mug,x,Mugs", "b,,2,Mugs", "c,Cup,3,Mugs", "c,Cup,3,Mugs"))
    assert [(error.line, error.field) for error in outcome.errors] == [
        (2, "price"), (3, "name"), (5, "product_id"),
    ]  # fmt: skip
    assert str(outcome.errors[-1]) == "line 5: product_id: 'c' stands on line 4 already"


def test_a_file_without_a_needed_column_says_which() -> None:
    assert errors(b"product_id,name,price\na,Mug,1") == [(2, "category")]


def test_a_file_with_a_header_only_holds_no_product() -> None:
    assert errors(csv_of()) == [(1, "")]


# -- Writing ----------------------------------------------------------------------------------------------------
def test_products_and_their_categories_are_there_afterwards() -> None:
    head = f"{HEAD},department,brand,description,stock,attributes,consumable"
    outcome = imported(
        csv_of("tea-1,Green tea,4.5,Fine Teas,Pantry,Weir,Leaves,7,Weight: 100 g; From: Uji,yes", head=head)
    )

    assert (outcome.added, outcome.categories, outcome.written) == (1, ["Fine Teas"], True)
    product = Product.objects.select_related("category").get()
    assert (product.product_id, product.name, product.price, product.stock) == (
        "tea-1", "Green tea", Decimal("4.50"), 7,
    )  # fmt: skip
    assert product.attributes == [["Weight", "100 g"], ["From", "Uji"]]
    assert product.consumable
    assert (product.category.slug, product.category.department) == ("fine-teas", "Pantry")


def test_imported_products_have_pages_and_pictures(client: Client) -> None:
    imported(csv_of("tea-1,Green tea,4.50,茶"))
    product = Product.objects.select_related("category").get()
    assert "Green tea" in client.get(product.get_absolute_url()).content.decode()
    assert client.get(product.picture_url).status_code == 200
    assert "Green tea" in client.get(product.category.get_absolute_url()).content.decode()


def test_importing_again_changes_only_what_differs_and_leaves_the_rest() -> None:
    imported(csv_of("a,Mug,1,Mugs,5", "b,Cup,2,Mugs,5", head=f"{HEAD},stock"))
    Product.objects.filter(product_id="a").update(stock=3, description="By hand")

    outcome = imported(csv_of("a,Mug,1.50,mugs", "b,Cup,2.00,MUGS", "c,Pot,3,Mugs"))

    assert (outcome.added, outcome.changed, outcome.unchanged, outcome.categories) == (1, 1, 1, [])
    changed = Product.objects.get(product_id="a")
    assert (changed.price, changed.stock, changed.description) == (Decimal("1.50"), 3, "By hand")


def test_a_count_is_imported_and_a_dry_run_counts_nothing() -> None:
    imported(csv_of("a,Mug,1,Mugs,5", head=f"{HEAD},stock"))
    content = csv_of("a,Mug,1,Mugs,8", head=f"{HEAD},stock")
    assert imported(content, dry_run=True).changed == 1
    assert Product.objects.get().stock == 5
    assert imported(content).changed == 1
    assert Product.objects.get().stock == 8


def test_a_dry_run_tells_the_same_and_writes_nothing() -> None:
    content = csv_of("a,Mug,1,Mugs")
    dry = imported(content, dry_run=True)
    assert not Product.objects.exists()
    assert not Category.objects.exists()
    wet = imported(content)
    assert (
        (dry.added, dry.categories, dry.written) == (wet.added, wet.categories, False) == (1, ["Mugs"], False)
    )


def test_what_the_file_does_not_have_can_be_hidden() -> None:
    imported(csv_of("a,Mug,1,Mugs", "b,Cup,2,Mugs"))
    assert imported(csv_of("a,Mug,1,Mugs"), hide_others=True).hidden == 1
    assert Product.objects.get(product_id="b").hidden


def test_an_import_that_breaks_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 2)
    bulk_create = Product.objects.bulk_create

    def breaks(products: list[Product]) -> object:
        if any(product.product_id == "p-5" for product in products):
            raise DatabaseError("gone")
        return bulk_create(products)

    monkeypatch.setattr(Product.objects, "bulk_create", breaks)
    with pytest.raises(DatabaseError):
        imported(csv_of(*(f"p-{number},Mug,1,Mugs" for number in range(8))))
    assert not Product.objects.exists()
    assert not Category.objects.exists()


def test_progress_is_told_from_the_first_line_to_the_last_product() -> None:
    told: list[tuple[str, int, int]] = []
    content = csv_of(*(f"p-{number},Mug,1,Mugs" for number in range(1200)))
    import_catalogue(content, "csv", dry_run=True, progress=lambda *each: told.append(each))
    assert told[-1] == ("Writing", 1200, 1200)
    assert ("Checking", 600, 1201) in told
    assert ("Writing", 500, 1200) in told
    assert [done for doing, done, _ in told if doing == "Writing"] == [0, 500, 1000, 1200]


# -- The command ------------------------------------------------------------------------------------------------
def test_the_command_tells_what_it_did_or_would_do(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(
        json.dumps([{"id": "a", "title": "Mug", "price": 9.5, "category": "Mugs", "colour": "red"}])
    )
    out = io.StringIO()
    call_command("import_catalogue", file, dry_run=True, stdout=out)
    assert "It would be: 1 products added" in out.getvalue()
    assert "Ignored, since nothing here is called so: colour" in out.getvalue()
    assert not Product.objects.exists()
    call_command("import_catalogue", file, stdout=out)
    assert Product.objects.get().price == Decimal("9.50")


def test_the_command_prints_each_mistake_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(csv_of("a,Mug,x,Mugs", "b,,2,Mugs"))
    err = io.StringIO()
    with pytest.raises(CommandError, match="Nothing was imported: 2 mistakes"):
        call_command("import_catalogue", file, stderr=err)
    assert "line 2: price: 'x': a number like 12.50" in err.getvalue()
    assert "line 3: name: is empty" in err.getvalue()
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_catalogue", tmp_path / "none.csv")


def test_a_row_error_reads_as_a_sentence() -> None:
    assert str(RowError(3, "", "has 5 cells")) == "line 3: has 5 cells"
