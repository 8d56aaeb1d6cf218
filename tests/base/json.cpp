// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/json.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "gateway/base/random.h"

using namespace gatehouse;
using namespace std::string_literals;

namespace {

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string written(const std::function<void(JsonWriter&)>& write) {
    std::string out;
    JsonWriter json(out);
    write(json);
    BOOST_TEST(json.complete());
    return out;
}

#ifndef NDEBUG
// Whether the program ends by an assertion; tried in a child.
bool aborts(const std::function<void(JsonWriter&)>& write) {
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        std::string out;
        JsonWriter json(out);
        write(json);
        _exit(0);
    }
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
#endif

// A reader of JSON that is as strict as RFC 8259 and as simple as possible.
class JsonReader {
  public:
    static bool valid(std::string_view text) {
        JsonReader reader(text);
        return reader.value() && reader.left_.empty();
    }

  private:
    explicit JsonReader(std::string_view text) : left_(text) {}

    bool take(std::string_view token) {
        if (!left_.starts_with(token)) return false;
        left_.remove_prefix(token.size());
        return true;
    }
    bool value() {
        if (take("null") || take("true") || take("false")) return true;
        if (left_.starts_with('"')) return string();
        if (take("{")) return members('}', true);
        if (take("[")) return members(']', false);
        return number();
    }
    bool members(char closing, bool keyed) {
        const std::string_view close(&closing, 1);
        if (take(close)) return true;
        do {
            if (keyed && !(string() && take(":"))) return false;
            if (!value()) return false;
        } while (take(","));
        return take(close);
    }
    bool number() {
        take("-");
        if (take("0")) return true;
        std::size_t digits = 0;
        for (; !left_.empty() && left_[0] >= '0' && left_[0] <= '9'; ++digits) {
            left_.remove_prefix(1);
        }
        return digits > 0;
    }
    bool string() {
        if (!take("\"")) return false;
        while (!left_.empty() && left_[0] != '"') {
            const std::size_t length = utf8_length(left_);
            if (length == 0 || static_cast<unsigned char>(left_[0]) < 0x20) return false;
            if (left_[0] == '\\' && !escape()) return false;
            if (left_.empty()) return false;
            left_.remove_prefix(length);
        }
        return take("\"");
    }
    // Leaves the last character of the escape to the caller.
    bool escape() {
        left_.remove_prefix(1);
        if (left_.empty()) return false;
        if (left_[0] != 'u') return std::string_view("\"\\/bfnrt").find(left_[0]) != left_.npos;
        if (left_.size() < 5 ||
            left_.substr(1, 4).find_first_not_of("0123456789abcdefABCDEF") != left_.npos) {
            return false;
        }
        left_.remove_prefix(4);
        return true;
    }

    std::string_view left_;
};

// Any tree of values, and how many values it holds.
std::size_t write_random(JsonWriter& json, Random& random, std::size_t depth) {
    switch (random.below(depth < 6 ? 8 : 6)) {
        case 0: json.null(); return 1;
        case 1: json.value(random.below(2) == 0); return 1;
        case 2: json.value(random.next()); return 1;
        case 3: json.value(static_cast<std::int64_t>(random.next())); return 1;
        case 4:
        case 5: {
            std::string text(random.index(12), '\0');
            for (char& c : text)
                c = static_cast<char>(random.below(256));
            json.value(text);
            return 1;
        }
        case 6: {
            std::size_t count = 1;
            json.begin_array();
            for (std::uint64_t i = random.below(5); i > 0; --i) {
                count += write_random(json, random, depth + 1);
            }
            json.end_array();
            return count;
        }
        default: {
            std::size_t count = 1;
            json.begin_object();
            for (std::uint64_t i = random.below(5); i > 0; --i) {
                json.key("k\""s + static_cast<char>(random.below(256)));
                count += write_random(json, random, depth + 1);
            }
            json.end_object();
            return count;
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(strings_are_escaped_in_full) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", R"("")"},
        {"plain / text", R"("plain / text")"},
        {"\"\\", R"("\"\\")"},
        {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
        {"\0\x01\x1f"s, R"("\u0000\u0001\u001f")"},
        {"\x7f", R"("\u007f")"},
        {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"a\xc3", "\"a\xef\xbf\xbd\""},
        {"\xc3\"", "\"\xef\xbf\xbd\\\"\""},
        {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"</script>", R"("</script>")"},
    };
    for (const auto& [raw, escaped] : cases)
        BOOST_TEST(json_string(raw) == escaped);
}

BOOST_AUTO_TEST_CASE(single_values_of_each_kind_are_written) {
    BOOST_TEST(written([](JsonWriter& json) { json.null(); }) == "null");
    BOOST_TEST(written([](JsonWriter& json) { json.value(true); }) == "true");
    BOOST_TEST(written([](JsonWriter& json) { json.value(false); }) == "false");
    BOOST_TEST(written([](JsonWriter& json) { json.value(0); }) == "0");
    BOOST_TEST(written([](JsonWriter& json) { json.value(std::uint8_t{65}); }) == "65");
    BOOST_TEST(written([](JsonWriter& json) { json.value(INT64_MIN); }) == "-9223372036854775808");
    BOOST_TEST(written([](JsonWriter& json) { json.value(UINT64_MAX); }) == "18446744073709551615");
    BOOST_TEST(written([](JsonWriter& json) { json.value("literal"); }) == R"("literal")");
    BOOST_TEST(written([](JsonWriter& json) { json.value("own"s); }) == R"("own")");
    BOOST_TEST(written([](JsonWriter& json) { json.value(std::string_view("v")); }) == R"("v")");
}

BOOST_AUTO_TEST_CASE(an_optional_value_is_null_where_there_is_none) {
    BOOST_TEST(written([](JsonWriter& json) { json.value(std::optional<int>()); }) == "null");
    BOOST_TEST(written([](JsonWriter& json) { json.value(std::optional<int>(7)); }) == "7");
    BOOST_TEST(written([](JsonWriter& json) { json.value(std::optional("x"s)); }) == R"("x")");
    BOOST_TEST(written([](JsonWriter& json) { json.value(std::optional(false)); }) == "false");
}

BOOST_AUTO_TEST_CASE(commas_come_by_themselves) {
    BOOST_TEST(written([](JsonWriter& json) {
                   json.begin_array();
                   json.end_array();
               }) == "[]");
    BOOST_TEST(written([](JsonWriter& json) {
                   json.begin_object();
                   json.end_object();
               }) == "{}");
    BOOST_TEST(written([](JsonWriter& json) {
                   json.begin_object();
                   json.field("version", "1");
                   json.key("wan");
                   json.begin_object();
                   json.field("interface", "eth0");
                   json.field("reach", "public");
                   json.end_object();
                   json.key("lan");
                   json.begin_array();
                   json.begin_object();
                   json.end_object();
                   json.begin_object();
                   json.field("n", 1);
                   json.end_object();
                   json.begin_array();
                   json.end_array();
                   json.value(2);
                   json.null();
                   json.end_array();
                   json.field("up", true);
                   json.field("expires_in", std::optional<int>());
                   json.end_object();
               }) == R"({"version":"1","wan":{"interface":"eth0","reach":"public"},)"
                     R"("lan":[{},{"n":1},[],2,null],"up":true,"expires_in":null})");
}

BOOST_AUTO_TEST_CASE(what_stood_in_the_text_before_stays) {
    std::string out = "data: ";
    JsonWriter json(out);
    BOOST_TEST(!json.complete());
    json.begin_array();
    BOOST_TEST(!json.complete());
    json.value(1);
    json.end_array();
    BOOST_TEST(json.complete());
    BOOST_TEST(out == "data: [1]");
}

BOOST_AUTO_TEST_CASE(any_tree_of_values_is_valid_json) {
    SeededRandom random(40);
    std::size_t values = 0;
    for (int run = 0; run < 3000; ++run) {
        std::string out;
        JsonWriter json(out);
        values += write_random(json, random, 0);
        BOOST_REQUIRE(json.complete());
        BOOST_REQUIRE_MESSAGE(JsonReader::valid(out), printable(out));
        BOOST_REQUIRE(out.find('\n') == std::string::npos);
    }
    BOOST_TEST(values > 5000U);
}

BOOST_AUTO_TEST_CASE(the_reader_of_this_test_is_strict) {
    for (const char* bad :
         {"", "{", "[1,]", "[,1]", "{\"a\"}", "{1:2}", "[1 2]", "\"\n\"", "\"\\x\"", "\"\\u00g0\"",
          "\"\xff\"", "01", "[]]", "nul", "\"", "\"\\"}) {
        BOOST_TEST(!JsonReader::valid(bad), bad);
    }
}

#ifndef NDEBUG
BOOST_AUTO_TEST_CASE(values_in_the_wrong_place_are_mistakes_of_the_program) {
    using Write = std::function<void(JsonWriter&)>;
    const std::vector<std::pair<const char*, Write>> cases{
        {"a value without a key", [](JsonWriter& j) { j.begin_object(), j.value(1); }},
        {"a key outside of an object", [](JsonWriter& j) { j.key("a"); }},
        {"a key in an array", [](JsonWriter& j) { j.begin_array(), j.key("a"); }},
        {"two keys", [](JsonWriter& j) { j.begin_object(), j.key("a"), j.key("b"); }},
        {"a key without a value",
         [](JsonWriter& j) { j.begin_object(), j.key("a"), j.end_object(); }},
        {"an end without a begin", [](JsonWriter& j) { j.end_array(); }},
        {"the wrong end", [](JsonWriter& j) { j.begin_array(), j.end_object(); }},
        {"two values", [](JsonWriter& j) { j.value(1), j.value(2); }},
        {"too deep",
         [](JsonWriter& j) {
             for (std::size_t i = 0; i <= JsonWriter::kDeepest; ++i)
                 j.begin_array();
         }},
    };
    for (const auto& [name, write] : cases)
        BOOST_TEST(aborts(write), name);
    BOOST_TEST(!aborts([](JsonWriter& j) {
        for (std::size_t i = 0; i < JsonWriter::kDeepest; ++i)
            j.begin_array();
        for (std::size_t i = 0; i < JsonWriter::kDeepest; ++i)
            j.end_array();
    }));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
