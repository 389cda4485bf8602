// The command line: parses arguments, runs one command, turns an Error into text on stderr and an exit status.
#pragma once

namespace vectis::cli {

/// Runs the command that `argv` names; returns the exit status.
int run(int argc, char** argv);

} // namespace vectis::cli
