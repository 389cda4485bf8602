// What mail/inbound_message reads of the messages in files, named one a line on standard input: a line of JSON each.
// Run by tests/compare/compare.py.
#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "mail/inbound_message.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

int main() {
    using vectis::Json;
    for (std::string file; std::getline(std::cin, file);) {
        const auto read = vectis::mail::read_inbound(vectis::read_file(file).value(), "mail.example.test");
        Json attachments = Json::array();
        for (const auto& each : read.attachments)
            attachments.push_back({{"filename", each.filename},
                                   {"content_type", each.content_type},
                                   {"sha256", vectis::sha256(each.content)}});
        std::cout << vectis::to_text(
                         {{"subject", read.subject},
                          {"from",
                           read.from ? Json{{"address", read.from->email}, {"name", read.from->name}} : Json(nullptr)},
                          {"text", read.text},
                          {"html", read.html},
                          {"attachments", std::move(attachments)}})
                  << "\n";
    }
}
