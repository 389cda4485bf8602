#include "cli/run.hpp"

int main(int argc, char** argv) {
    return vectis::cli::run(argc, argv);
}
