"""Spark reads events with a schema of its own: it must be the contract's."""

import msgspec
from pyspark.sql.types import ArrayType, BooleanType, DataType, IntegerType, StringType

from streaming.jobs.schema import EVENT_SCHEMA
from tracking.events import Event

CONTRACT = {field.encode_name: field for field in msgspec.inspect.type_info(Event).fields}  # type: ignore[attr-defined]


def spark_type(kind: msgspec.inspect.Type) -> DataType:
    """The Spark type that holds whatever `kind` allows, null where it is optional."""
    match kind:
        case msgspec.inspect.UnionType(types=types):
            (only,) = (each for each in types if not isinstance(each, msgspec.inspect.NoneType))
            return spark_type(only)
        case msgspec.inspect.Metadata(type=inner):
            return spark_type(inner)
        case msgspec.inspect.StrType() | msgspec.inspect.EnumType():
            return StringType()
        case msgspec.inspect.BoolType():
            return BooleanType()
        case msgspec.inspect.IntType():
            return IntegerType()
        case msgspec.inspect.ListType(item_type=item):
            return ArrayType(spark_type(item))
    raise AssertionError(f"no Spark type is known for {kind}: say here which holds it")


def test_spark_reads_each_field_under_its_name_and_type() -> None:
    assert {field.name: field.dataType for field in EVENT_SCHEMA} == {
        field.name: spark_type(CONTRACT[field.name].type) for field in EVENT_SCHEMA
    }


def test_spark_reads_every_field_that_each_event_has() -> None:
    always = {name for name, field in CONTRACT.items() if field.required}

    assert always <= set(EVENT_SCHEMA.fieldNames())


def test_spark_takes_a_missing_field_for_null() -> None:
    assert all(field.nullable for field in EVENT_SCHEMA)
