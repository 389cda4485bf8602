#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include "closing.hpp"

#include <iostream>

int main(int argc, char** argv) {
    int failed = Catch::Session().run(argc, argv);
    if (argc > 1)
        return failed; // some of the tests, or none
    for (const auto& check : vectis::test::closing_checks()) {
        for (const auto& fault : check()) {
            std::cout << "FAILED: " << fault << "\n";
            failed = 1;
        }
    }
    return failed;
}
