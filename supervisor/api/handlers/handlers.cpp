#include "api/handlers/handlers.hpp"

namespace vectis::api::handlers {

Handler handler_of(surface::Operation operation) {
    using surface::Operation;
    switch (operation) {
    case Operation::health:
        return health;
    case Operation::version:
        return version;
    case Operation::openapi:
        return openapi;
    case Operation::docs:
        return docs;
    case Operation::me:
        return me;
    }
    throw Error(Code::internal, "an operation of the route table has no handler");
}

} // namespace vectis::api::handlers
