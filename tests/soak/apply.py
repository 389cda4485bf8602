"""The long version of flow/apply_test.py's promise: a hundred kills and thirty power cuts during applies."""

import os
import pathlib

import runner

os.environ["VECTIS_KILLS"] = os.environ.get("VECTIS_KILLS", "100")
os.environ["VECTIS_CUTS"] = os.environ.get("VECTIS_CUTS", "30")

flow = runner.load(pathlib.Path(__file__).parents[1] / "flow" / "apply_test.py")
test_a_kill_at_any_step_leaves_the_old_or_the_new = flow.test_a_kill_at_any_step_leaves_the_old_or_the_new
test_a_power_cut_at_any_instant_leaves_the_old_or_the_new = flow.test_a_power_cut_at_any_instant_leaves_the_old_or_the_new
