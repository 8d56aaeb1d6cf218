// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/client_commands.h"

#include <unistd.h>

#include <cctype>
#include <functional>

#include "gateway/base/text.h"
#include "gateway/control/client.h"
#include "gateway/control/json_value.h"
#include "gateway/control/show.h"
#include "gateway/control/table.h"
#include "gateway/daemon/files.h"
#include "gateway/daemon/forward_arguments.h"

namespace gatehouse::daemon {

namespace {

using control::Answer;
using control::JsonValue;

// The answer of the daemon as a value, or nothing after saying what is wrong.
std::optional<JsonValue> read_answer(const Result<Answer>& answer) {
    if (!answer) {
        complain(answer.error().text, kFailed);
        return std::nullopt;
    }
    auto value = control::parse_json(answer->body);
    if (!value) {
        complain(value.error().text, kFailed);
        return std::nullopt;
    }
    return std::move(*value);
}

// What the daemon did not do, and whose mistake that is.
int refused(const JsonValue& value, unsigned status) {
    const bool wrong = status == 400 || status == 422;
    const std::string& hint = value["hint"].string;
    return complain(concat(value["error"].to_text(), hint.empty() ? "" : "; ", hint),
                    wrong ? kWrong : kFailed);
}

int show_reload(const JsonValue& answer, unsigned http_status) {
    for (const JsonValue& text : answer["errors"].items) {
        print(stderr, concat(text.to_text(), "\n"));
    }
    for (const JsonValue& text : answer["warnings"].items) {
        print(stderr, concat("warning: ", text.to_text(), "\n"));
    }
    if (http_status != 200) return refused(answer, http_status);
    for (const JsonValue& option : answer["after_restart"].items) {
        print(stderr, concat("gatehouse: '", option.to_text(), "' changes with a restart\n"));
    }
    print(stdout, "reloaded\n");
    return kDone;
}

int add_forward(const ForwardCommand& command) {
    const auto answer = control::ask(command.socket, "POST", "/api/v1/forwards", command.body);
    const auto value = read_answer(answer);
    if (!value) return kFailed;
    if (answer->status != 200 && answer->status != 201) return refused(*value, answer->status);
    if (command.json) {
        print(stdout, answer->body + "\n");
        return kDone;
    }
    for (const JsonValue& row : value->items)
        print(stdout, row["id"].to_text() + "\n");
    return kDone;
}

int delete_forward(const ForwardCommand& command, const std::string& id) {
    const auto answer = control::ask(command.socket, "DELETE", "/api/v1/forwards/" + id);
    const auto value = read_answer(answer);
    if (!value) return kFailed;
    if (answer->status != 200) return refused(*value, answer->status);
    if (command.json) print(stdout, answer->body + "\n");
    return kDone;
}

}  // namespace

int reload_command(const Client& client, const std::optional<std::string>& file) {
    static constexpr const char* kPath = "/api/v1/reload";
    std::string text;
    if (file) {
        const auto read = read_file(*file);
        if (!read) return complain(read.error().text, kFailed);
        text = *read;
    }
    auto answer = control::ask(client.socket, "POST", kPath, text);
    auto value = read_answer(answer);
    if (value && answer->status == 409) {
        // The daemon's user may not read the file, but we may.
        const auto read = read_file((*value)["file"].string);
        if (!read) return complain(read.error().text, kFailed);
        answer = control::ask(client.socket, "POST", kPath, *read);
        value = read_answer(answer);
    }
    return value ? show_reload(*value, answer->status) : kFailed;
}

namespace {

// What GET of the path shows; nothing after saying what is wrong.
std::optional<std::string> read_text(const Client& client, const std::string& path,
                                     const std::function<std::string(const JsonValue&)>& show,
                                     int& code) {
    const auto answer = control::ask(client.socket, "GET", path);
    const auto value = read_answer(answer);
    code = kFailed;
    if (!value) return std::nullopt;
    if (answer->status != 200) {
        code = refused(*value, answer->status);
        return std::nullopt;
    }
    code = kDone;
    return client.json ? answer->body + "\n" : show(*value);
}

// Once, or again and again until Ctrl-C: on a terminal in the same place.
int show_path(const Client& client, const std::string& path,
              const std::function<std::string(const JsonValue&)>& show) {
    static constexpr std::string_view kFromTheTop = "\x1b[H\x1b[J";
    const bool redraws = client.watch && !client.json && ::isatty(STDOUT_FILENO) != 0;
    for (;;) {
        int code = kDone;
        const auto text = read_text(client, path, show, code);
        if (!text) return code;
        print(stdout, concat(redraws ? kFromTheTop : "", *text));
        if (!client.watch) return kDone;
        std::fflush(stdout);
        ::sleep(1);
    }
}

}  // namespace

int status_command(const Client& client) {
    return show_path(client, "/api/v1/status", control::show_status);
}

int list_command(const Client& client, std::string_view resource) {
    return show_path(client, concat("/api/v1/", resource), [resource](const JsonValue& rows) {
        return control::show_table(control::columns_of(resource), rows);
    });
}

int why_command(const Client& client, std::span<const std::string_view> words) {
    // Whatever it is, the daemon shall see it and say what is wrong.
    const auto escaped = [](std::string_view text) {
        std::string out;
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            constexpr std::string_view kHex = "0123456789abcdef";
            const bool plain = std::isalnum(byte) != 0 || c == '.' || c == ':';
            plain ? void(out += c) : append(out, '%', kHex[byte / 16U], kHex[byte % 16U]);
        }
        return out;
    };
    return show_path(client,
                     concat("/api/v1/why?proto=", escaped(words[0]), "&inside=", escaped(words[1]),
                            "&remote=", escaped(words[2])),
                     control::show_why);
}

int events_command(const Client& client) {
    const Status ended = control::follow_events(client.socket, [&client](std::string_view json) {
        const auto event = control::parse_json(json);
        if (!client.json && !event) return;
        print(stdout, client.json ? concat(json, "\n") : control::show_event(*event));
        std::fflush(stdout);
    });
    return complain(ended.error().text, kFailed);
}

int forward_command(Arguments arguments) {
    const auto command = parse_forward_arguments(arguments);
    if (!command) return complain(command.error().text, kWrong);
    if (command->help) {
        print(stdout, kForwardUsage);
        return kDone;
    }
    if (!command->body.empty()) return add_forward(*command);
    int code = kDone;
    for (const std::string& id : command->ids) {
        const int one = delete_forward(*command, id);
        if (code == kDone) code = one;
    }
    return code;
}

}  // namespace gatehouse::daemon
