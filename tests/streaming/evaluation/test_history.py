"""Files of events in every layout that is recognised, and what is refused of them."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from streaming.evaluation.history import Interaction, Refusal, read_history, told
from streaming.evaluation.layouts import LayoutUnknownError

LOGS = {
    "RetailRocket events": (
        "timestamp,visitorid,event,itemid,transactionid\n"
        "1433221332117,257597,view,355908,\n"
        "1433224214164,992329,addtocart,248676,\n"
        "1433223236124,599528,transaction,356475,4000\n",
        [
            ("257597", "355908", "Product Viewed", 1433221332117),
            ("599528", "356475", "Order Completed", 1433223236124),
            ("992329", "248676", "Product Added", 1433224214164),
        ],
    ),
    "YooChoose clicks": (
        "1,2014-04-07T10:51:09.277Z,214536502,0\n2,2014-04-07T13:56:37.614Z,214662742,S\n",
        [
            ("1", "214536502", "Product Viewed", 1396867869277),
            ("2", "214662742", "Product Viewed", 1396878997614),
        ],
    ),
    "YooChoose buys": (
        "420374,2014-04-06T18:44:58.314Z,214537888,12462,1\n",
        [("420374", "214537888", "Order Completed", 1396809898314)],
    ),
    "YooChoose sessions": (
        "SessionId\tItemId\tTime\n3\t214716935\t1396437466.94\n3\t214832672\t1396438212.318\n",
        [
            ("3", "214716935", "Product Viewed", 1396437466940),
            ("3", "214832672", "Product Viewed", 1396438212318),
        ],
    ),
    "Diginetica item views": (
        "sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n1;NA;31331;1031018;2016-05-09\n",
        [
            ("1", "81766", "Product Viewed", 1462752526309),
            ("1", "31331", "Product Viewed", 1462753031018),
        ],
    ),
    "MovieLens ratings": (
        "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n",
        [("1", "31", "Product Reviewed", 1260759144000)],
    ),
    "MovieLens u.data": (
        "196\t242\t3\t1281250949\n",
        [("196", "242", "Product Reviewed", 1281250949000)],
    ),
    "Online Retail": (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        '536365,85123A,"A ""WHITE"" HOLDER, HANGING",6,12/1/2010 8:26,2.55,17850,United Kingdom\n'
        "C536379,D,Discount,-1,12/1/2010 9:41,27.5,14527,United Kingdom\n",
        [
            ("17850", "85123A", "Order Completed", 1291191960000),
            ("14527", "D", "Order Refunded", 1291196460000),
        ],
    ),
    "plain columns": (
        "user_id,item_id,time,event\nanna,tea-1,2026-03-01T10:00:00+01:00,Product Clicked\n",
        [("anna", "tea-1", "Product Clicked", 1772355600000)],
    ),
}


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def rows(path: Path) -> list[tuple[str, str, str, int]]:
    return [row[:4] for row in read_history(path)]


@pytest.mark.parametrize("layout", LOGS)
def test_layout_is_recognised_by_its_columns(tmp_path: Path, layout: str) -> None:
    text, expected = LOGS[layout]
    history = read_history(write(tmp_path / "log.csv", text))
    assert history.layout.name == layout
    assert [row[:4] for row in history] == expected
    assert not history.refused


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    table = {
        "visitor": [17850.0, 17851.0],
        "product": ["tea-1", "mug-1"],
        "time": [datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 8, tzinfo=UTC)],
    }
    parquet.write_table(pa.table(table), tmp_path / "log.parquet")
    assert rows(tmp_path / "log.parquet") == [
        ("17851", "mug-1", "Product Viewed", 1772352000000),
        ("17850", "tea-1", "Product Viewed", 1772355600000),
    ]


def test_rows_of_one_time_keep_the_order_of_the_file(tmp_path: Path) -> None:
    lines = "".join(f"v,p{number},{number % 2 + 1e9:.0f}\n" for number in range(100))
    history = read_history(write(tmp_path / "log.csv", "visitor,product,time\n" + lines))
    products = [int(row.product[1:]) for row in history]
    assert products == [*range(0, 100, 2), *range(1, 100, 2)]


def test_columns_can_be_named_and_ids_prefixed(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "who|x,what,when\nanna,7,soon\nbert,8,1.000000001e9\n")
    named = {"visitor": "who|x", "product": "what", "time": "when"}
    history = read_history(path, named, visitor_prefix="v-", product_prefix="p-")
    assert list(history) == [Interaction("v-bert", "p-8", "Product Viewed", 1000000001000, "")]
    assert history.examples == [Refusal(2, "when", "is no time (a number since 1970, or ISO 8601)")]


def test_unknown_columns_say_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "a,b,c\n1,2,3\n")
    with pytest.raises(LayoutUnknownError, match="name them with --visitor, --product and --time"):
        read_history(path)
    with pytest.raises(LayoutUnknownError, match="has no column who; it has a, b, c"):
        read_history(path, {"visitor": "who"})


def test_bad_rows_are_told_by_line_column_and_reason_and_the_good_ones_kept(tmp_path: Path) -> None:
    text = (
        b"visitor,product,time\n"
        b"anna,tea-1,1700000000\n"  # line 2
        b",tea-1,1700000000\n"
        b"anna,,1700000000\n"
        b"anna,tea-1,yesterday\n"
        b"anna,tea-1\n"
        b"\n"
        b'"anna\n the second",tea-2,1700000001\n'  # ends in line 9
        + b"a" * 101
        + b",tea-1,1700000000\n"
        + b"an\xffna,tea-1,1700000000\n"
        + b"an\x00na,tea-1,1700000000\n"
        + b"anna,tea-1,800000000\n"
        + b"anna,tea-1,99999999999\n"
    )
    path = tmp_path / "log.csv"
    path.write_bytes(text)
    history = read_history(path)
    assert [row.product for row in history] == ["tea-1", "tea-2"]
    no_id = "is no id of 1 to 100 characters"
    bounds = "is before 2000 or in the future"
    assert history.examples == [
        Refusal(3, "visitor", "is empty"),
        Refusal(4, "product", "is empty"),
        Refusal(5, "time", "is no time (a number since 1970, or ISO 8601)"),
        Refusal(6, "row", "has not 3 columns"),
        Refusal(7, "row", "has not 3 columns"),
        Refusal(10, "visitor", no_id),
        Refusal(11, "visitor", no_id),
        Refusal(12, "visitor", no_id),
        Refusal(13, "time", bounds),
        Refusal(14, "time", bounds),
    ]
    lines = list(told(history.refused, history.examples))
    assert lines[0] == "10 rows are no events and were left out:"
    assert "  3 x visitor: is no id of 1 to 100 characters" in lines
    assert "  line 5, time: is no time (a number since 1970, or ISO 8601)" in lines
