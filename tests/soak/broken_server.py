"""The long version of flow/broken_server_test.py: a full disk and a lost bus at every step of an apply."""

import os
import pathlib

import runner

os.environ["VECTIS_EVERY_STEP"] = "1"

flow = runner.load(pathlib.Path(__file__).parents[1] / "flow" / "broken_server_test.py")
test_a_disk_that_fills_up_at_any_step_leaves_the_old_or_the_new = flow.test_a_disk_that_fills_up_at_any_step_leaves_the_old_or_the_new
test_a_bus_that_goes_away_in_an_apply_leaves_the_old_or_the_new = flow.test_a_bus_that_goes_away_in_an_apply_leaves_the_old_or_the_new
