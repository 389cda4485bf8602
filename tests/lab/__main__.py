"""./dev's commands: parses the command line and calls the module that does the work."""

import sys

import cli

sys.exit(cli.main(sys.argv[1:]))
