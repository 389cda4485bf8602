#include "base/error.hpp"
#include "courier/courier.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        vectis::courier::run("/var/lib/vectis/current/webhooks/networks.json");
        return 0;
    } catch (const std::exception& fault) {
        const vectis::Error error = vectis::as_error(fault);
        fmt::print(stderr, "vectis courier: {}\n", error.text());
        return vectis::info(error.code()).exit_status;
    }
}
