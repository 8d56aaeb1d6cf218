// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/browser.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "tests/lab/support/environment.h"

namespace gatehouse::lab {

namespace {

constexpr std::string_view kProgram = GATEHOUSE_SOURCE "/tests/lab/programs/browser.py";
constexpr Duration kStart = 60s;  // on a busy machine

}  // namespace

Browser::Browser(Host& host, const std::string& url)
    : folder_(concat(new_log("browser").string(), ".profile")) {
    std::filesystem::create_directory(folder_);
    const std::filesystem::path pipe = folder_ / "commands";
    if (::mkfifo(pipe.c_str(), 0600) != 0) throw_errno("mkfifo");
    // Also for reading: opening it does not wait for the program then.
    commands_ = Fd::checked(::open(pipe.c_str(), O_RDWR | O_CLOEXEC), "the browser's commands");
    program_ = host.start({std::string(kProgram), folder_, url, pipe});
    const Verdict ready = program_.wait_for_output("ready\n", kStart);
    if (!ready) throw LabError(concat("the browser does not start: ", program_.output()));
}

Browser::~Browser() {
    // The program reads to the end of its commands and takes the browser with it.
    commands_.close();
    if (!program_.wait(15s)) program_.kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string Browser::ask(std::string_view command, Duration limit) {
    const std::size_t before = program_.output().size();
    const std::string line = concat(command, "\n");
    if (::write(commands_.number(), line.data(), line.size()) < 0) throw_errno("the browser");
    if (!program_.wait_for_output("\n", limit, before)) {
        throw LabError(concat("the browser does not answer: ", program_.output()));
    }
    std::string answer = program_.output().substr(before);
    return answer.substr(0, answer.find('\n'));
}

Verdict Browser::sees(std::string_view expression, Duration limit) {
    const auto seconds = std::max<std::int64_t>(1, whole_seconds(limit));
    const std::string answer = ask(concat("wait ", seconds, " ", expression), limit + 60s);
    if (answer == "yes") return true;
    return no_because(concat(expression, ": ", answer,
                             "; the page: ", value("document.body.innerText.slice(0, 3000)"),
                             "; complaints: ", ask("complaints")));
}

}  // namespace gatehouse::lab
