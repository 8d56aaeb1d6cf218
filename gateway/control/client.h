// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line's way to the daemon: one HTTP request over the control socket.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace gatehouse::control {

struct Answer {
    unsigned status = 0;
    std::string body;
};

// Asks and waits for the whole answer, no longer than some seconds. The error says what a person
// can do about it.
Result<Answer> ask(const std::string& socket_path, std::string_view method, std::string_view path,
                   std::string_view body = {});

// Listens to events until the daemon ends the stream; on_event gets each as JSON. Only comes back
// with an error.
Status follow_events(const std::string& socket_path,
                     const std::function<void(std::string_view json)>& on_event);

// The pieces of an HTTP/1.0 or 1.1 answer that was read to its end.
Result<Answer> parse_answer(std::string_view text);

}  // namespace gatehouse::control
