"""Tables that others made, with what they take for granted."""

import datetime
from decimal import Decimal

from support import csv_table, program, readers
from support.cells import COW, History


def test_sql_reads_a_table_that_spark_made_with_its_defaults(tmp_path, spark, spark_0_15, sparks):
    """Foreign tables: bloom index, metadata table, Spark's own file names."""
    from pyspark.sql import functions as F

    path = tmp_path / "lake" / "crypto" / "plain"
    frame = spark.range(500).select(
        F.concat(F.lit("tx"), F.col("id")).alias("transaction_id"),
        (F.col("id") * F.lit("1.00000001").cast("decimal(18,8)")).cast("decimal(38,18)")
        .alias("price"),
        F.timestamp_seconds(F.col("id") * 1000 + 1_714_600_800).alias("timestamp"),
        (F.col("id") % 3).cast("string").alias("exchange"),
        F.col("id").alias("_change_seq"),
    )
    options = {
        "hoodie.table.name": "plain",
        "hoodie.datasource.write.recordkey.field": "transaction_id",
        "hoodie.datasource.write.precombine.field": "_change_seq",
        "hoodie.datasource.write.partitionpath.field": "exchange",
    }
    frame.write.format("hudi").options(**options).mode("append").save(str(path))
    newer = frame.where("id % 5 = 0").withColumn("price", F.lit("7.5").cast("decimal(38,18)"))
    newer.write.format("hudi").options(**options).mode("append").save(str(path))
    lake = program.Lake(tmp_path / "lake", table="crypto.plain")
    start = datetime.datetime(2024, 5, 1, 22)
    rows = [[f"tx{i}", "7.5" + "0" * 17 if i % 5 == 0 else format(i * Decimal("1.00000001"), ".18f"),
             csv_table.cell(start + datetime.timedelta(seconds=1000 * i)), str(i % 3), str(i)]
            for i in range(500)]
    expected = csv_table.Table(
        ["transaction_id", "price", "timestamp", "exchange", "_change_seq"], rows)
    history = History(COW, "bloom")
    for engine, read in readers.read_all(lake, sparks):
        with history.reading(engine, "upsert", by=(spark_0_15.name,)):
            csv_table.assert_equal(read(), expected, engine)
