#include "cli/run.hpp"

namespace vectis::cli {

int run(int, char**) {
    return 0;
}

} // namespace vectis::cli
