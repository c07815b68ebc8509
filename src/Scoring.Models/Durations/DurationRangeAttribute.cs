using System.ComponentModel.DataAnnotations;

namespace Scoring.Models.Durations;

/// <summary>Bounds a setting that is a duration on both sides, both included.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationRangeAttribute : ValidationAttribute
{
    /// <summary>Names the bounds.</summary>
    /// <param name="least">The shortest, as <see cref="DurationText"/> reads it.</param>
    /// <param name="most">The longest.</param>
    /// <exception cref="ArgumentException">One of them is no duration.</exception>
    public DurationRangeAttribute(string least, string most)
    {
        Least = least;
        Most = most;
        Bounds = (Read(least), Read(most));
    }

    /// <summary>The shortest.</summary>
    public string Least { get; }

    /// <summary>The longest.</summary>
    public string Most { get; }

    /// <summary>Both as durations.</summary>
    public (TimeSpan Least, TimeSpan Most) Bounds { get; }

    /// <inheritdoc/>
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        ArgumentNullException.ThrowIfNull(validationContext);
        return value is not TimeSpan duration || (duration >= Bounds.Least && duration <= Bounds.Most)
            ? ValidationResult.Success
            : new ValidationResult($"{Text(duration)} is not between {Least} and {Most}", validationContext.MemberName is { } name ? [name] : []);
    }

    private static string Text(TimeSpan duration) => duration < TimeSpan.Zero ? $"-{DurationText.Format(-duration)}" : DurationText.Format(duration);

    private static TimeSpan Read(string text) => DurationText.TryParse(text, out var duration, out var error) ? duration : throw new ArgumentException(error, nameof(text));
}
