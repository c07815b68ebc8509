using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>A record that is not valid, or was set aside.</summary>
/// <param name="Record">The record.</param>
/// <param name="Rejection">Why.</param>
internal readonly record struct DeadRecord(InputRecord Record, Rejection Rejection);
