// SPDX-License-Identifier: GPL-2.0-or-later
//
// A real browser on a host of the lab (programs/browser.py, which lists its commands).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tests/lab/support/fd.h"
#include "tests/lab/support/host.h"

namespace gatehouse::lab {

class Browser {
  public:
    // Opens the page; throws when the browser does not start.
    Browser(Host& host, const std::string& url);
    ~Browser();
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;

    // The answer to one command.
    std::string ask(std::string_view command, Duration limit = 60s);
    // Whether the expression becomes true in the page.
    Verdict sees(std::string_view expression, Duration limit = 30s);
    // What the expression is, as JSON.
    std::string value(std::string_view expression) {
        return ask(std::string("value ").append(expression));
    }

  private:
    std::filesystem::path folder_;
    Process program_;
    Fd commands_;
};

}  // namespace gatehouse::lab
