"""What features register with the ones below them is registered in the web process too, not only where tests import everything."""

import subprocess
import sys

ASK = """
from duban import app
from duban.kernel.settings import Settings
app.check_database = lambda engine: None  # there is none: what is registered is registered without one
app.create_app(Settings(database_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
from duban.forms.below import ASKING
from duban.forms.uses import COUNTERS
from duban.organisation.open_work import Work, _counters
print(len(COUNTERS), len(ASKING), len(set(Work) - set(_counters)))
"""


def test_a_fresh_web_process_knows_who_counts_what() -> None:
    said = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True, env={"PYTHONPATH": "platform"})
    assert said.stdout.split() == ["1", "1", "0"]
