"""The long version of what flow tests say of a good server: two hundred runs of every probe raise no alarm, twenty ban nobody."""

import os
import pathlib

import runner

os.environ["VECTIS_HEALTHY_RUNS"] = os.environ.get("VECTIS_HEALTHY_RUNS", "200")

os.environ["VECTIS_RUNS_WITH_BANS"] = os.environ.get("VECTIS_RUNS_WITH_BANS", "20")

flow = pathlib.Path(__file__).parents[1] / "flow"
test_run_after_run_is_green_on_a_good_server = runner.load(flow / "health_test.py").test_run_after_run_is_green_on_a_good_server
test_run_after_run_of_every_probe_bans_nobody = runner.load(flow / "bans_test.py").test_run_after_run_of_every_probe_bans_nobody
