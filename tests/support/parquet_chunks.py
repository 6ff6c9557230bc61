"""Column chunks of Parquet files as bytes."""

from pathlib import Path

import pyarrow.parquet


def chunk_bytes(file: Path, row_group: int) -> dict[str, bytes]:
    """The bytes of every column chunk of a row group, by column."""
    group = pyarrow.parquet.ParquetFile(file).metadata.row_group(row_group)
    content, chunks = file.read_bytes(), {}
    for number in range(group.num_columns):
        column = group.column(number)
        begin = column.dictionary_page_offset or column.data_page_offset
        chunks[column.path_in_schema] = content[begin:begin + column.total_compressed_size]
    return chunks


def moved_row_groups(old: Path, new: Path) -> list[int]:
    """The row groups of `new` that are those of `old` byte by byte, but for the file's name."""
    metas = [pyarrow.parquet.ParquetFile(file).metadata for file in (old, new)]
    known = [without_file_name(old, group) for group in range(metas[0].num_row_groups)]
    return [group for group in range(metas[1].num_row_groups)
            if without_file_name(new, group) in known]


def without_file_name(file: Path, row_group: int) -> dict[str, bytes]:
    chunks = chunk_bytes(file, row_group)
    chunks.pop("_hoodie_file_name")
    return chunks
