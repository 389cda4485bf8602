#include "base/json.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>
#include <vector>

namespace vectis {

namespace {

/// Builds the value while it watches depth and keys; stops the parser at the first fault.
class Builder : public nlohmann::json_sax<Json> {
  public:
    explicit Builder(JsonLimits limits) : limits_(limits) {}

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override { return put(value); }
    bool number_float(number_float_t value, const string_t&) override { return put(value); }
    bool string(string_t& value) override { return put(std::move(value)); }
    bool binary(binary_t&) override { return stop("binary value"); }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        if (keys_.back().size() == limits_.keys)
            return stop(fmt::format("an object with more than {} keys", limits_.keys));
        if (!keys_.back().insert(name).second)
            return stop(fmt::format("key '{}' stands twice", printable(name)));
        key_ = std::move(name);
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return stop(fmt::format("not JSON at byte {}", position));
    }

    Json root;
    std::string fault;

  private:
    bool stop(std::string why) {
        fault = std::move(why);
        return false;
    }
    Json* place(Json value) {
        if (stack_.empty()) {
            root = std::move(value);
            return &root;
        }
        if (stack_.back()->is_array()) {
            stack_.back()->push_back(std::move(value));
            return &stack_.back()->back();
        }
        return &((*stack_.back())[key_] = std::move(value));
    }
    bool put(Json value) {
        place(std::move(value));
        return true;
    }
    bool open(Json value) {
        if (stack_.size() == limits_.depth)
            return stop(fmt::format("nested deeper than {} levels", limits_.depth));
        stack_.push_back(place(std::move(value)));
        keys_.emplace_back();
        return true;
    }
    bool close() {
        stack_.pop_back();
        keys_.pop_back();
        return true;
    }

    JsonLimits limits_;
    std::vector<Json*> stack_;
    std::vector<std::set<std::string>> keys_;
    std::string key_;
};

} // namespace

Json parse_json(std::string_view text, JsonLimits limits) {
    Builder builder(limits);
    if (!Json::sax_parse(text.begin(), text.end(), &builder))
        throw Error(Code::invalid_input, "cannot read JSON: " + builder.fault);
    return std::move(builder.root);
}

std::uint64_t whole_number(const Json& object, const char* key, std::uint64_t most) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > most)
        throw Error(Code::invalid_input,
                    fmt::format("cannot read JSON: '{}' is no whole number from 0 to {}", key, most));
    return found->get<std::uint64_t>();
}

std::string pointer_part(std::string_view key) {
    constexpr std::size_t most = 100;
    std::string text;
    for (const char c : printable(key.substr(0, most)))
        text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return text;
}

std::string to_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string revision(const Json& value) {
    constexpr std::size_t digits = 32;
    return sha256(to_text(value)).substr(0, digits);
}

std::string to_pretty_text(const Json& value) {
    return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace vectis
