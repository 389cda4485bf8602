"""The long version of flow/health_test.py's promise that a good server raises no alarm: two hundred runs of every probe."""

import os
import pathlib

import runner

os.environ["VECTIS_HEALTHY_RUNS"] = os.environ.get("VECTIS_HEALTHY_RUNS", "200")

flow = runner.load(pathlib.Path(__file__).parents[1] / "flow" / "health_test.py")
test_run_after_run_is_green_on_a_good_server = flow.test_run_after_run_is_green_on_a_good_server
