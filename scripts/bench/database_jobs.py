"""The job files of databases.py. Nothing is tuned in them: what isn't said is as it is by default."""

import hashlib
import shutil

import database_table
from database_servers import PASSWORD, USER

JOB = """\
env {{
  job.name = "databases"
  job.mode = "BATCH"
  parallelism = {parallelism}
}}
source {{
{source}
}}
sink {{
{sink}
}}
"""

DRIVERS = {"postgresql": "org.postgresql.Driver", "mysql": "com.mysql.cj.jdbc.Driver"}


def write(work, source, sink, parallelism):
    """Writes a job file and returns its path."""
    text = JOB.format(source=source, sink=sink, parallelism=parallelism)
    path = work / f"job-{hashlib.sha256(text.encode()).hexdigest()[:12]}.conf"
    path.write_text(text)
    return path


def connection(url):
    return f"""\
    url = "{url}"
    driver = "{DRIVERS[url.split(':')[1]]}"
    user = "{USER}"
    password = "{PASSWORD}\""""


def jdbc_source(url, path):
    return f"""\
  Jdbc {{
{connection(url)}
    table_path = "{path}"
    plugin_output = "rows"
  }}"""


def jdbc_sink(url, name):
    # Rows are added, as the yardsticks do; by default rows of a table with a primary key would replace others.
    return f"""\
  Jdbc {{
    plugin_input = "rows"
{connection(url)}
    generate_sink_sql = true
    database = "bench"
    table = "{name}"
    enable_upsert = false
    schema_save_mode = "ERROR_WHEN_SCHEMA_NOT_EXIST"
    data_save_mode = "APPEND_DATA"
  }}"""


def csv_source(path):
    fields = "\n".join(f'        {name} = "{kind}"' for name, _, _, kind in database_table.COLUMNS)
    return f"""\
  LocalFile {{
    path = "{path}"
    file_format_type = "csv"
    skip_header_row_number = 1
    schema {{
      fields {{
{fields}
      }}
    }}
    plugin_output = "rows"
  }}"""


def parquet_source(path):
    return f"""\
  LocalFile {{
    path = "{path}"
    file_format_type = "parquet"
    plugin_output = "rows"
  }}"""


def parquet_sink(path):
    return f"""\
  LocalFile {{
    plugin_input = "rows"
    path = "{path}"
    tmp_path = "{path}.tmp"
    file_format_type = "parquet"
    compress_codec = "snappy"
  }}"""


def remove(*paths):
    """Removes files and folders that may be there."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
