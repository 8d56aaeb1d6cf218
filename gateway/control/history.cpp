// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/history.h"

#include <algorithm>

#include "gateway/base/json.h"

namespace gatehouse::control {

void History::add(const Totals& totals) {
    const Step now{totals.bytes_out, totals.bytes_in, totals.mappings_made, totals.refused};
    if (before_) {
        Step& step = steps_[count_++ % kSteps];
        for (std::size_t i = 0; i < now.size(); ++i)
            step[i] = now[i] > (*before_)[i] ? now[i] - (*before_)[i] : 0;
    }
    before_ = now;
}

std::string History::write_json() const {
    static constexpr std::array kNames{"bytes_out", "bytes_in", "mappings_made", "refused"};
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.field("step", whole_seconds(kStep));
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        json.key(kNames[i]);
        json.begin_array();
        for (std::size_t n = count_ - std::min(count_, kSteps); n < count_; ++n)
            json.value(steps_[n % kSteps][i]);
        json.end_array();
    }
    json.end_object();
    return out;
}

}  // namespace gatehouse::control
