#include "member_view.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "fealty/codec/encode.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/topologies/members.hpp"
#include "program_beside.hpp"
#include "standard_streams.hpp"

namespace fealty::cli {

Result<std::unique_ptr<MemberView>> MemberView::make(const std::string& state_directory,
                                                     const std::vector<std::string>& programs,
                                                     const StoredState& state) {
  auto view = std::make_unique<MemberView>();
  const auto files = programs.empty() ? programs_beside(state_directory) : programs;
  if (files.empty()) {
    say("no --program: level and churn are shown as stored, churn as of the last purchase\n");
    return view;
  }
  auto loaded = config::load_series(files);
  if (!loaded) return loaded.error();
  view->series_ = std::move(loaded->series);
  if (auto same = state.belongs_to(*view->series_); !same) return same.error();
  view->path_ = topologies::members_topology(*view->series_, view->mapping_);
  return view;
}

std::string MemberView::operator()(const member::Record& record, EventTime clock) const {
  std::string out;
  if (path_) {
    path_->outputs.members.encode(record, clock, out);
    return out;
  }
  const std::string level = std::to_string(record.level.level);
  codec::MemberView view;
  view.record = &record;
  view.level = level;
  view.churn_bp = record.churn_bp;
  view.churn_raised = record.churn.raised;
  view.as_of = clock;
  codec::encode_member(view, out);
  return out;
}

}  // namespace fealty::cli
