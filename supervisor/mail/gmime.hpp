// Owners for GMime's objects. Private to mail/ and its tests: include it nowhere else.
#pragma once

#include <gmime/gmime.h>

#include <memory>

namespace vectis::mail {

struct GmimeDelete {
    void operator()(GMimeFormatOptions* each) const noexcept { g_mime_format_options_free(each); }
    void operator()(GDateTime* each) const noexcept { g_date_time_unref(each); }
    void operator()(char* each) const noexcept { g_free(each); }
    template<typename T>
    void operator()(T* each) const noexcept {
        g_object_unref(each);
    }
};
/// Holds one reference; who is given the object takes a reference of its own.
template<typename T>
using Gmime = std::unique_ptr<T, GmimeDelete>;

/// GMime's own casts are C's. `object` must be of that type; each of GMime's types begins with the one it derives from.
template<typename To, typename From>
To* as(From* object) {
    return reinterpret_cast<To*>(object);
}

/// Whether `object` is of this type, or of one that derives from it.
template<typename From>
bool is_of(From* object, GType type) {
    return g_type_check_instance_is_a(reinterpret_cast<GTypeInstance*>(object), type) != 0;
}

/// Readies GMime, whichever thread comes first; before anything else of it is called. It stays ready until the end:
/// other threads may be at work when main() returns.
inline void ready_gmime() {
    static const bool ready = [] {
        g_mime_init();
        return true;
    }();
    static_cast<void>(ready);
}

} // namespace vectis::mail
