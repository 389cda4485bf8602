#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace vectis {

namespace {

constexpr std::array codes{
    CodeInfo{Code::internal, "internal", 70, 500},
    CodeInfo{Code::invalid_input, "invalid_input", 1, 422},
    CodeInfo{Code::not_found, "not_found", 1, 404},
    CodeInfo{Code::conflict, "conflict", 1, 409},
    CodeInfo{Code::managed_by_config, "managed_by_config", 1, 409},
    CodeInfo{Code::stale, "stale", 1, 409},
    CodeInfo{Code::changed_meanwhile, "changed_meanwhile", 1, 412},
    CodeInfo{Code::busy, "busy", 1, 409},
    CodeInfo{Code::denied, "denied", 1, 403},
    CodeInfo{Code::unavailable, "unavailable", 1, 503},
    CodeInfo{Code::system, "system", 1, 500},
    CodeInfo{Code::check_failed, "check_failed", 1, 422},
    CodeInfo{Code::unit_failed, "unit_failed", 1, 500},
    CodeInfo{Code::probe_failed, "probe_failed", 1, 500},
    CodeInfo{Code::not_supported, "not_supported", 1, 422},
};

} // namespace

const CodeInfo& info(Code code) {
    return *std::find_if(codes.begin(), codes.end(), [&](const CodeInfo& row) { return row.code == code; });
}

Code code_named(std::string_view name) {
    const auto* row = std::find_if(codes.begin(), codes.end(), [&](const CodeInfo& each) { return each.name == name; });
    return row == codes.end() ? Code::internal : row->code;
}

std::string Place::text() const {
    if (line == 0)
        return file;
    return fmt::format("{}:{}:{}", file, line, column);
}

std::string Problem::text() const {
    std::string text = where.text();
    if (!text.empty())
        text += ": ";
    if (!path.empty())
        text += path + ": ";
    text += what;
    if (!hint.empty())
        text += "\n    hint: " + hint;
    return text;
}

Error::Error(Code code, const std::string& message, std::string hint, std::vector<Problem> problems) :
    std::runtime_error(message), code_(code), hint_(std::move(hint)), problems_(std::move(problems)) {}

std::string Error::text() const {
    std::string text = what();
    for (const auto& problem : problems_)
        text += "\n  " + problem.text();
    if (!hint_.empty())
        text += "\nhint: " + hint_;
    return text;
}

Error as_error(const std::exception& exception) {
    if (const auto* error = dynamic_cast<const Error*>(&exception); error != nullptr)
        return *error;
    if (const auto* error = dynamic_cast<const std::filesystem::filesystem_error*>(&exception); error != nullptr)
        return system_error(error->code().value(), fmt::format("cannot use '{}'", error->path1().string()));
    return {Code::internal, fmt::format("internal fault: {}", exception.what()),
            "this is a bug; please report it with what you did"};
}

Error changed_meanwhile() {
    return {Code::changed_meanwhile, "it is not as it was when you read it", "read it again and decide anew"};
}

Error system_error(int number, const std::string& what, std::string hint) {
    if (hint.empty() && number == ENOSPC)
        hint = "free some space (df -h shows which file system is full) and try again";
    if (hint.empty() && number == EROFS)
        hint = "the file system is mounted read-only; mount it read-write and try again";
    return {Code::system, what + ": " + std::generic_category().message(number), std::move(hint)};
}

} // namespace vectis
