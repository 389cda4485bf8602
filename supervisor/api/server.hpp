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

struct Listener {
    UniqueFd fd;
    Door door = Door::local;
};

class Server {
  public:
    /// `handler` is called by many threads and throws nothing. `refuse` makes the answer to a request of which not even
    /// the head could be understood.
    using Handler = std::function<Response(Request&)>;
    using Refuse = std::function<Response(int status, const std::string& detail, const std::string& request_id)>;

    Server(std::vector<Listener> listeners, Handler handler, Refuse refuse);
    ~Server();

    /// Answers until `stop` is asked for; then what was begun is ended, and nothing is begun. The listening sockets
    /// stay as they are, for whoever listens next.
    void run(const std::stop_token& stop);

  private:
    class Library;
    class Workers;

    std::vector<Listener> listeners_;
    std::unique_ptr<Library> library_;
};

} // namespace vectis::api
