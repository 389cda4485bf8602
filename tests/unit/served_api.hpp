// The API of a server that has mail, by HTTP on a port of its own.
#pragma once

#include "api/server.hpp"
#include "local_server.hpp"
#include "mail_api.hpp"

#include <memory>
#include <thread>

namespace vectis::test {

struct ServedApi : MailApi {
    ServedApi() {
        Listening listening("127.0.0.1");
        REQUIRE(listening.fd);
        port = listening.port;
        std::vector<api::Listener> listeners;
        listeners.push_back({std::move(listening.fd), api::Door::local});
        server = std::make_unique<api::Server>(std::move(listeners), [this](api::Request& in) { return dispatch(in); });
        serving = std::jthread([this](const std::stop_token& stop) { server->run(stop); });
    }

    int port = 0;
    std::unique_ptr<api::Server> server;
    std::jthread serving;
};

} // namespace vectis::test
