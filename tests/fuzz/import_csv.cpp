// A file of mailboxes, as somebody else's program wrote it: each row is told to be wrong, or can be sent.
#include "base/error.hpp"
#include "directory/import_file.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string_view>

namespace {

void look(const std::vector<vectis::directory::ImportRow>& rows) {
    for (const auto& row : rows) {
        const bool named = row.row.contains("address") || row.row.contains("name");
        if (row.problems.empty() && !named)
            std::abort();
        for (const auto& problem : row.problems) {
            if (problem.what.empty() || problem.where.line == 0)
                std::abort();
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size); // NOLINT: bytes are what it is about
    for (auto* read : {vectis::directory::read_import_csv, vectis::directory::read_import_yaml}) {
        try {
            look(read(text, "file"));
        } catch (const vectis::Error& error) {
            if (error.code() != vectis::Code::invalid_input)
                std::abort();
        }
    }
    return 0;
}
