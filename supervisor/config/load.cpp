#include "config/load.hpp"

namespace vectis::config {}
