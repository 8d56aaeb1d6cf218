// SPDX-License-Identifier: GPL-2.0-or-later
//
// Rulesets as nft text, through libnftables: one text is one transaction, so all of it holds or
// none. Elements that change with the traffic go through nft_elements.h instead, which is fifty
// times cheaper.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

struct nft_ctx;

namespace gatehouse::kernel {

class Nft {
  public:
    // Works on the network namespace in which the calling thread is now.
    static Result<Nft> open();

    Status apply(const std::string& text);
    // Whether the kernel would take the text; changes nothing.
    Status check(const std::string& text);
    // What a command such as "list table inet gatehouse" prints.
    Result<std::string> list(const std::string& command);

  private:
    struct Close {
        void operator()(nft_ctx* context) const;
    };

    explicit Nft(std::unique_ptr<nft_ctx, Close> context);

    Status run(const std::string& text);

    std::unique_ptr<nft_ctx, Close> context_;
};

// The first complaint in what libnftables prints about a text, on one line: "line 3: No such file
// or directory: add rule inet gatehouse nat ...". Not empty.
std::string nft_complaint(std::string_view printed);

}  // namespace gatehouse::kernel
