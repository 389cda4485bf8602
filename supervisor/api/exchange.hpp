// One request and its answer on a connection: the one seam between cpp-httplib and us. The library parses a head that
// was judged before, undoes chunks and writes the answer; what it listens with, its threads and its limits are not
// used.
#pragma once

#include "api/connection.hpp"
#include "api/message.hpp"

#include <functional>

namespace vectis::api {

class Exchange : httplib::Server {
  public:
    /// `handler` is called by many threads and throws nothing.
    explicit Exchange(std::function<Response(Request&)> handler);

    /// Answers one request of a connection that has a whole head. False: close it. Any thread may call it.
    [[nodiscard]] bool serve(Connection& connection);

  private:
    void answer(const httplib::Request& in, httplib::Response& out, const httplib::ContentReader* reader) const;

    std::function<Response(Request&)> handler_;
};

} // namespace vectis::api
