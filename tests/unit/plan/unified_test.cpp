#include "base/subprocess.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "plan/unified.hpp"

#include <random>

using namespace vectis;

TEST_CASE("a unified diff shows the change with its context") {
    CHECK(plan::unified("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nE\nf\n", "old", "new") ==
          "--- old\n+++ new\n@@ -2,5 +2,5 @@\n b\n c\n d\n-e\n+E\n f\n");
    CHECK(plan::unified("same\n", "same\n", "old", "new").empty());
    CHECK(plan::unified("", "a\n", "old", "new") == "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+a\n");
    CHECK(plan::unified("a\n", "", "old", "new") == "--- old\n+++ new\n@@ -1,1 +0,0 @@\n-a\n");
    CHECK(plan::unified("a", "a\n", "old", "new").find("line end") != std::string::npos);
    CHECK(plan::unified("a\n", "\x1b[31m\n", "old", "new").find('\x1b') == std::string::npos);
}

TEST_CASE("patch(1) turns the old text into the new one with any of our diffs") {
    std::mt19937 random(20260101);
    const test::Folder folder;
    for (int round = 0; round < 60; ++round) {
        std::string before;
        std::string after;
        for (int line = 0; line < 40; ++line) {
            const std::string text = std::to_string(random() % 9) + "\n";
            const auto fate = random() % 8;
            before += fate == 0 ? "" : text;
            after += fate == 1 ? "" : fate == 2 ? "changed\n" : text;
        }
        const std::string diff = plan::unified(before, after, "file", "file");
        replace_file(folder.path / "file", before, {});
        if (!diff.empty()) {
            const auto finished = run({"patch", "--no-backup-if-mismatch", "-s", (folder.path / "file").string()},
                                      std::chrono::seconds(10), diff);
            INFO(diff << finished.out << finished.err);
            REQUIRE(finished.status == 0);
        }
        CHECK(read_file(folder.path / "file") == after);
    }
}

TEST_CASE("texts that have nothing in common are shown as replaced, quickly") {
    std::string before;
    std::string after;
    for (int line = 0; line < 20000; ++line) {
        before += "old " + std::to_string(line) + "\n";
        after += "new " + std::to_string(line) + "\n";
    }
    CHECK(plan::unified(before, after, "old", "new").size() > before.size());
}
