#pragma once

#include "movement_of_edges.hpp"
#include "source.hpp"
#include "subject.hpp"

#include <rewire/io/result_file.hpp>

#include <string>
#include <vector>

/// rewiring.h5: one group a subject, /SUBJECT/. Pairs are the strict upper triangle of the neurons
/// that all sessions of the subject have, row major.
namespace rewire::jobs {

inline constexpr auto rewiring_name = "rewiring"; ///< of the job that writes it

/// As result files hold matrices.
std::vector<double> row_major(const Eigen::MatrixXd& matrix);

/// Everything of a subject but the loadings, for which it makes the dataset.
void write_subject(const io::ResultFile& file, const SubjectConnectomes& subject,
                   const SubjectRewiring& result, const RewiringSettings& settings,
                   const MovementFractions& movement);

/// A subject without a trajectory: its group has the attribute `status`, which says why, and no
/// dataset.
void write_subject_without(const io::ResultFile& file, const SubjectConnectomes& subject,
                           const std::string& status);

/// Loadings of some pairs of a subject that has been written.
void write_loadings(const io::ResultFile& file, const std::string& subject,
                    const UnitLoadings& loadings);

} // namespace rewire::jobs
