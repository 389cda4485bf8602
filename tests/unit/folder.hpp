// A folder of a test's own, gone with the test.
#pragma once

#include "base/file.hpp"
#include "base/random.hpp"

namespace vectis::test {

struct Folder {
    fs::path path = fs::temp_directory_path() / ("vectis-unit-" + random_hex(6));
    Folder() { fs::create_directory(path); }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
};

} // namespace vectis::test
