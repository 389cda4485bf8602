#include "base/error.hpp"
#include "serve/serve.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        vectis::serve::run({});
        return 0;
    } catch (const std::exception& fault) {
        const vectis::Error error = vectis::as_error(fault);
        fmt::print(stderr, "vectis serve: {}\n", error.text());
        return vectis::info(error.code()).exit_status;
    }
}
