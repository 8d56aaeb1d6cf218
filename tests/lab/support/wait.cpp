// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/wait.h"

#include <algorithm>
#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/environment.h"

namespace gatehouse::lab {
namespace {

std::string in_words(Duration d) {
    return concat(duration_cast<std::chrono::milliseconds>(d).count(), " ms");
}

std::string reason_of(const Verdict& verdict) {
    const auto text = verdict.message();
    return text.is_empty() ? std::string() : concat(": ", std::string(text.begin(), text.end()));
}

}  // namespace

Verdict no_because(std::string_view reason) {
    Verdict verdict(false);
    verdict.message() << reason;
    return verdict;
}

int Deadline::milliseconds_left() const {
    const auto left = end_ - std::chrono::steady_clock::now();
    const auto count = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(count, 0, 3'600'000));
}

Verdict eventually(const std::function<Verdict()>& condition, Duration limit) {
    const Deadline deadline(limit);
    auto pause = 1ms;
    for (;;) {
        const bool last = deadline.over();
        const Verdict verdict = condition();
        if (verdict) return true;
        if (const std::string wrong = Watch::what_is_wrong(); !wrong.empty()) {
            return no_because(concat("gave up waiting: ", wrong));
        }
        if (last) return no_because(concat("not within ", in_words(limit), reason_of(verdict)));
        std::this_thread::sleep_for(std::min(pause, deadline.milliseconds_left() * 1ms));
        pause = std::min(pause * 2, 50ms);
    }
}

Verdict throughout(const std::function<Verdict()>& condition, Duration time) {
    const Deadline deadline(time);
    const auto start = std::chrono::steady_clock::now();
    for (;;) {
        const bool last = deadline.over();
        const Verdict verdict = condition();
        if (!verdict) {
            const auto after = std::chrono::steady_clock::now() - start;
            return no_because(concat("no longer after ", in_words(after), reason_of(verdict)));
        }
        if (last) return true;
        std::this_thread::sleep_for(std::min(20ms, deadline.milliseconds_left() * 1ms));
    }
}

}  // namespace gatehouse::lab
