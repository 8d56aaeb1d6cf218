// SPDX-License-Identifier: GPL-2.0-or-later
//
// Parts of long lists: "?limit=100&offset=200" asks for rows 200 to 299. A list is an array with or
// without it; behind the last row it is empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/control/http_server.h"
#include "gateway/control/resources.h"

namespace gatehouse::control {

struct Page {
    std::size_t offset = 0;
    std::size_t limit = std::numeric_limits<std::size_t>::max();

    // The first row and the one behind the last, of so many.
    std::pair<std::size_t, std::size_t> of(std::size_t rows) const {
        const std::size_t first = std::min(offset, rows);
        return {first, first + std::min(limit, rows - first)};
    }
    friend bool operator==(const Page&, const Page&) = default;
};

// Other parameters are left to others.
Result<Page> parse_page(const Headers& query);

// The answer that is one list, all at once.
template <class Row>
Response list_of(const std::vector<Row>& rows, const Page& page) {
    Response out;
    const auto [first, last] = page.of(rows.size());
    JsonWriter json(out.body);
    json.begin_array();
    for (std::size_t i = first; i < last; ++i)
        write_json(json, rows[i]);
    json.end_array();
    return out;
}

// The answer that is all of a stream: in pieces, or at once where that is quicker for everybody.
Response answer_with(std::shared_ptr<Stream> stream, bool at_once);

// The same list in pieces.
template <class Row>
class RowStream final : public Stream {
  public:
    RowStream(std::vector<Row> rows, const Page& page)
        : rows_(std::move(rows)), first_(page.of(rows_.size()).first), next_(first_) {
        rows_.resize(page.of(rows_.size()).second);
    }

    Next next(std::string& out) override {
        if (ended_) return Next::end;
        if (next_ == first_) out += '[';
        constexpr std::size_t kRows = 64;
        for (const std::size_t end = std::min(rows_.size(), next_ + kRows); next_ < end; ++next_) {
            if (next_ > first_) out += ',';
            JsonWriter json(out);
            write_json(json, rows_[next_]);
        }
        ended_ = next_ == rows_.size();
        if (ended_) out += ']';
        return Next::piece;
    }

  private:
    std::vector<Row> rows_;
    std::size_t first_;
    std::size_t next_;
    bool ended_ = false;
};

}  // namespace gatehouse::control
