#pragma once

#include "blocks.hpp"
#include "jobs/dynetcp_dynamic/result.hpp"

#include <rewire/base/pack.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// Models of the same trials and units that were trained with other penalties, each in a results
/// folder of its own: how much their agreement with joint histograms depends on the penalty.
namespace rewire::jobs {

inline constexpr auto sweep_key = "sweep_key"; ///< attribute that stands for the models

/// Results of the sweep, that of the run included. @param folders of --sweep
std::vector<std::filesystem::path> swept_files(const std::filesystem::path& own,
                                               const std::vector<std::string>& folders);

/// @throws InputError: a file that is not there, or of other trials or units than the model of the
/// run; two of one penalty. @param own record of the model of the run
void check_sweep(const std::vector<std::filesystem::path>& files, const io::Record& own);

/// Stands for the models of a session, in 52 bits. @throws InputError: none of the session in one
/// of the files
double key_of_sweep(const std::vector<std::filesystem::path>& files, const SessionName& name);

/// One model of the sweep, of one session.
struct SweptModel
{
    io::Handle file;
    DynamicResult model;
    std::vector<std::int64_t> edge; ///< [edge of the run's model] its own; -1: it has none
};

/// By penalty. @throws InputError: another recording, other units, bins or lags than `model`
std::vector<SweptModel> swept_models(const std::vector<std::filesystem::path>& files,
                                     const DynamicResult& model);

/// Agreement of some edges in one model; the fields are [edges].
struct SweptEdges
{
    std::vector<double> pearson; ///< NaN: no joint histogram of the pair, or no such edge
    std::vector<double> difference;
    std::vector<double> tost_p;

    void append(const SweptEdges& next);
    void pack(base::Packer& packer) const;
    void unpack(base::Unpacker& unpacker);
};

/// @param edges of the run's model
SweptEdges agreement_in(const SweptModel& swept, base::Range edges,
                        const EdgeHistograms& histograms, const DynamicsSettings& settings);

/// Axis `sweep_lambda`, `sweep_validation_nll` [sweep_lambda], and `sweep_pearson`,
/// `sweep_difference`, `sweep_tost_p` [sweep_lambda, edge]. Rank 0.
/// @param all agreement of all edges in each model, in their order
void write_sweep(const io::Handle& group, const std::vector<SweptModel>& models,
                 const std::vector<SweptEdges>& all);

/// As the page and the export need it; empty: the result has none.
struct Sweep
{
    std::vector<double> lambda;
    std::vector<double> validation_nll; ///< [lambda]
    std::vector<double> pearson;        ///< [lambda, edge]
    std::vector<double> difference;
    std::vector<double> tost_p;
};
Sweep read_sweep(const io::Handle& file, const SessionName& name);

/// Of the edges that were compared in one model.
struct SweepSummary
{
    std::int64_t compared = 0;
    double mean_pearson = 0; ///< NaN for none
    double least_pearson = 0;
    std::int64_t equivalent = 0; ///< tost_p <= 0.05
};
SweepSummary summary_of(const Sweep& sweep, std::size_t lambda);

} // namespace rewire::jobs
