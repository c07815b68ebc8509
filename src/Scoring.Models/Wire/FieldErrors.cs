namespace Scoring.Models.Wire;

/// <summary>
/// What is wrong with the fields of one event, one error a field. Of a field that stands twice the last one counts, so
/// what was said of the first is forgotten. Allocates nothing while nothing is wrong.
/// </summary>
internal struct FieldErrors
{
    private List<FieldError>? errors;

    /// <summary>Notes what is wrong with a field; what was noted of it before goes.</summary>
    public void Add(string field, RejectReason reason, string message)
    {
        Forget(field);
        errors ??= [];
        errors.Add(new FieldError(field, reason, message));
    }

    /// <summary>Notes that a required field is not there, unless more is known of it.</summary>
    public void Missing(string field)
    {
        if (!Has(field))
            Add(field, RejectReason.MissingField, "is missing");
    }

    /// <summary>Forgets what was noted of a field, because it stands a second time.</summary>
    public readonly void Forget(string field)
    {
        // By its index: a closure would be allocated for every field that is read, wrong or not.
        for (var i = (errors?.Count ?? 0) - 1; i >= 0; i--)
        {
            if (errors![i].Field == field)
                errors.RemoveAt(i);
        }
    }

    /// <summary>Whether something is wrong with a field.</summary>
    public readonly bool Has(string field) => errors is not null && errors.Exists(e => e.Field == field);

    /// <summary>Everything that is wrong; null if nothing is.</summary>
    public readonly Rejection? ToRejection() => errors is { Count: > 0 } ? new Rejection(errors) : null;
}
