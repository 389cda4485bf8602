// Speaks HTTP/1.1 on sockets that listen already. One thread waits for all connections; a connection costs a thread
// only while a request of it is answered, so clients that keep theirs open starve nobody.
#pragma once

#include "api/message.hpp"
#include "base/unique_fd.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

namespace vectis::api {

class Exchange;

struct Listener {
    UniqueFd fd;
    Door door = Door::local;
};

class Server {
  public:
    /// `handler` is called by many threads and throws nothing.
    Server(std::vector<Listener> listeners, std::function<Response(Request&)> handler);
    ~Server();

    /// Answers until `stop` is asked for; then what was begun is ended, and nothing is begun. The listening sockets
    /// stay as they are, for whoever listens next.
    void run(const std::stop_token& stop);

  private:
    std::vector<Listener> listeners_;
    std::unique_ptr<Exchange> exchange_;
};

} // namespace vectis::api
