// What a test expects to be thrown.
#pragma once

#include "base/error.hpp"
#include "catch.hpp"

#include <stdexcept>

namespace vectis::test {

/// The Error that `work` throws; the test fails if it throws none.
template<typename Work>
Error error_of(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    FAIL("nothing was thrown");
    throw std::logic_error("not reached");
}

} // namespace vectis::test
